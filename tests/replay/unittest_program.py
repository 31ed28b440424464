"""A program that uses the library: a test suite, run once."""
import io
import time
import unittest


class Cases(unittest.TestCase):
    def setUp(self):
        self.things = [object() for _ in range(3)]
        self.addCleanup(self.things.clear)

    def test_passes(self):
        self.assertEqual(len(self.things), 3)
        with self.assertRaises(KeyError):
            {}["k"]

    def test_fails(self):
        self.assertEqual({"a": [1, 2]}, {"a": [1, 3]})

    def test_errors(self):
        raise ValueError(self.things)

    def test_sub(self):
        for i in range(4):
            with self.subTest(i=i):
                self.assertLess(i, 3)

    @unittest.skip("no")
    def test_skipped(self):
        pass


suite = unittest.defaultTestLoader.loadTestsFromTestCase(Cases)
result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=2).run(suite)
assert (result.testsRun, len(result.failures), len(result.errors), len(result.skipped)) == (5, 2, 1, 1), result
end = time.monotonic() + 2
while time.monotonic() < end:
    again = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Cases).run(again)
