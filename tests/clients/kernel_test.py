"""`jupyter_kernel_test`, whole, with every optional feature switched on."""

import unittest

import jupyter_kernel_test
from cells import CELLS, PEER
from wire import NAME


class Kernel(jupyter_kernel_test.KernelTests):
    kernel_name = NAME
    language_name = CELLS.language
    file_extension = CELLS.extension
    code_hello_world = CELLS.hello
    code_stderr = CELLS.stderr
    completion_samples = [
        {"text": "%whos", "matches": ["%whos"]},
        {"text": "%time", "matches": ["%time", "%%time", "%timeit", "%%timeit"] if PEER else ["%time", "%timeit"]},
        {"text": "no_such_name_anywhere", "matches": []},
    ]
    complete_code_samples = CELLS.complete
    incomplete_code_samples = CELLS.incomplete
    invalid_code_samples = CELLS.invalid
    code_page_something = CELLS.page
    code_generate_error = CELLS.fails if PEER else "nowhere_at_all"
    code_execute_result = [{"code": CELLS.product, "result": "42"}, {"code": "1 + 2", "result": "3"}]
    code_display_data = [
        {"code": CELLS.bold, "mime": "text/html"},
        {"code": CELLS.update, "mime": "text/markdown"},
    ]
    code_history_pattern = "1?+*"
    # ipykernel answers a range of its own session with session 0.
    supported_history_operations = ("tail", "search") if PEER else ("tail", "range", "search")
    code_inspect_sample = CELLS.inspect
    code_clear_output = CELLS.clear

    def test_nothing_is_left_out(self):
        """A feature that a later version of the suite adds shows here, instead of being left out in silence."""
        mine = vars(type(self))
        knobs = [name for name, value in vars(jupyter_kernel_test.KernelTests).items()
                 if not name.startswith("_") and not callable(value) and not isinstance(value, classmethod)]
        self.assertGreater(len(knobs), 10)
        self.assertEqual([name for name in knobs if not mine.get(name)], [])


class Welcome(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = NAME
    support_iopub_welcome = True


class Strict(unittest.TextTestResult):
    """A skipped test is a failed one."""

    def addSkip(self, test, reason):
        if PEER:
            return super().addSkip(test, reason)
        self.addFailure(test, (AssertionError, AssertionError(f"skipped: {reason}"), None))


if __name__ == "__main__":
    unittest.main(verbosity=2, testRunner=unittest.TextTestRunner(resultclass=Strict, verbosity=2))
