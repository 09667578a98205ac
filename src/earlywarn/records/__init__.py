"""What agencies wrote: the tables, the codes, and the reading of both.

The ground floor. Every stage reads these tables; these tables import nothing above them. Start with
`earlywarn.records.schema`, which declares every column once, and `earlywarn.records.codes`, which declares every
code once.
"""
