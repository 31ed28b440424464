"""unittest from the library: a suite with every outcome, run and reported."""
import io
import re
import unittest


class Cases(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = [1]

    def setUp(self):
        self.addCleanup(lambda: self.shared.append(2))

    def test_equal(self):
        self.assertEqual(1 + 1, 2)
        self.assertIn(1, [1, 2])
        self.assertAlmostEqual(0.1 + 0.2, 0.3)
        with self.assertRaises(ZeroDivisionError) as caught:
            1 / 0
        self.assertIsInstance(caught.exception, ArithmeticError)
        with self.assertRaisesRegex(ValueError, "in+valid"):
            int("invalid")

    def test_fails(self):
        self.assertEqual([1, 2, 3], [1, 2, 4])

    def test_error(self):
        raise KeyError("broken")

    @unittest.skip("not now")
    def test_skipped(self):
        pass

    @unittest.expectedFailure
    def test_expected(self):
        self.fail("as expected")

    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i):
                self.assertNotEqual(i, 1)

    def test_logs(self):
        import logging
        with self.assertLogs("x", "INFO") as logs:
            logging.getLogger("x").info("hello")
        self.assertEqual(logs.output, ["INFO:x:hello"])


stream = io.StringIO()
suite = unittest.defaultTestLoader.loadTestsFromTestCase(Cases)
result = unittest.TextTestRunner(stream=stream, verbosity=2).run(suite)
print(re.sub(r"in [\d.]+s", "in Ns", stream.getvalue().replace(__file__, "FILE")))
print(result, result.testsRun, len(result.failures), len(result.errors), len(result.skipped), len(result.expectedFailures))
