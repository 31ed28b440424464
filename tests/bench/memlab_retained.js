// Has memlab read a heap snapshot and compute retained sizes: memlab_retained.js FILE
const {config, utils, TraceFinder} = require('@memlab/core');
config.muteConsole = true;

async function main(file) {
  const snapshot = await utils.getSnapshotFromFile(file, {buildNodeIdIndex: true, verbose: false});
  const finder = new TraceFinder();
  finder.annotateShortestPaths(snapshot);
  finder.calculateAllNodesRetainedSizes(snapshot);
  let most = 0;
  snapshot.nodes.forEach(node => { most = Math.max(most, node.retainedSize); });
  process.stdout.write(JSON.stringify({retained: most}) + '\n');
}

main(process.argv[2]);
