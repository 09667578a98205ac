"""Opening files without believing them: CSV, TSV, XLSX and Parquet as tables of text, or a reason why not.

From the outside in: `files` (is it a plain file, and does it stay the same), `blocks` and `surveying` (its bytes, lines
and quotes, with memory flat), `headers`, `delimited`, `asides` (rows that are no records), `lines`; `archives`,
`worksheets` and `workbooks`; `parquet`; `mended` (refused rows given back). `sheets` is the door for all of them.
"""
