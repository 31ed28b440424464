# A struct_time has a zone and an offset, which are not among its items.
import copy
import os
import pickle
import sys
import time


def fails(*arguments):
    try:
        made = time.struct_time(*arguments)
        print(made, made.tm_zone, made.tm_gmtoff, made.__reduce__()[1][1])
    except TypeError as error:
        print(error)


for count in (3, 9, 10, 11, 12):
    fails(range(count))
fails(range(9), {"tm_zone": "here", "tm_gmtoff": 60})
fails(range(10), {"tm_zone": "here", "tm_gmtoff": 60})
fails(range(9), 3)
os.environ["TZ"] = "EST5EDT"
time.tzset()
for moment in (0, 1e7, 1.6e9):
    for parts in (time.localtime(moment), time.gmtime(moment)):
        print(len(parts), parts.tm_zone, parts.tm_gmtoff, parts.tm_isdst, time.strftime("%Z %H", parts))
        for again in (copy.copy(parts), copy.deepcopy(parts), pickle.loads(pickle.dumps(parts))):
            print(again == parts, again.tm_zone, again.tm_gmtoff, type(again) is type(parts))
print(parts[:3], parts == tuple(parts), hash(parts) == hash(tuple(parts)), sys.getrefcount(parts.tm_zone) > 0)
status = os.stat("/")
again = pickle.loads(pickle.dumps(status))
print(again == status, again.st_mtime_ns == status.st_mtime_ns, again.st_blksize == status.st_blksize,
      copy.copy(status).st_mtime == status.st_mtime)
