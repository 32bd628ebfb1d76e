"""A million messages that are wrong in their bytes, their structure or their transport; see tests/clients/fuzz.py.

python fuzz.py [--messages 1000000] [--seed 1]
"""

import runpy
import sys

from common import ROOT, prepare

sys.argv[1:1] = ["--messages", "1000000"]
prepare()
runpy.run_path(str(ROOT / "tests" / "clients" / "fuzz.py"), run_name="__main__")
