"""Writes data/digits.parquet from scikit-learn's copy of the digits (pip install scikit-learn==1.9.1 pyarrow==26.0.1).

python make_data.py
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.datasets import load_digits

digits = load_digits()
columns = {f"p{i}": pa.array(digits.data[:, i].astype("uint8")) for i in range(64)}
columns["digit"] = pa.array([str(digit) for digit in digits.target])
folder = Path(__file__).parent / "data"
folder.mkdir(exist_ok=True)
pq.write_table(pa.table(columns), folder / "digits.parquet", compression="zstd")
