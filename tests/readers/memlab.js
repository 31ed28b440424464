// Prints what memlab makes of a .heapsnapshot: counts, the sum of sizes, and [id, name, type, size,
// retained size] of every node, as JSON. Usage: node memlab.js FILE, with NODE_PATH set.
const {config, utils, TraceFinder} = require('@memlab/core');
config.muteConsole = true;

async function main(file) {
  const snapshot = await utils.getSnapshotFromFile(file, {buildNodeIdIndex: true, verbose: false});
  const finder = new TraceFinder();
  finder.annotateShortestPaths(snapshot);
  finder.calculateAllNodesRetainedSizes(snapshot);
  const nodes = [];
  let size = 0;
  snapshot.nodes.forEach(node => {
    nodes.push([node.id, node.name, node.type, node.self_size, node.retainedSize]);
    size += node.self_size;
  });
  const result = {node_count: snapshot.nodes.length, edge_count: snapshot.edges.length, size, nodes};
  process.stdout.write(JSON.stringify(result) + '\n');
}

main(process.argv[2]);
