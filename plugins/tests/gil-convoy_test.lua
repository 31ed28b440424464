return {
  { name = "two wait for the third", args = { waiters = 2, min = "1us" }, events = {
        { t = 0, kind = "gil_acquire", tid = 3, thread = "holder" },
        { t = 1000, kind = "gil_wait", tid = 1, thread = "a" }, { t = 2000, kind = "gil_wait", tid = 2, thread = "b" },
        { t = 9000, kind = "gil_release", tid = 3, thread = "holder" }, { t = 9500, kind = "gil_acquire", tid = 1, thread = "a" },
      }, expect = { rows = { convoys = 1 }, findings = { "convoy" },
      first = { convoys = { start = 2000, lasted = 7500, peak = 2, holder = "holder", share = 7000 / 7500 } } } },
}
