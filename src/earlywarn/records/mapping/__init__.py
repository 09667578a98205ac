"""A mapping carried out: from sheets of text to the contract's tables, with an account of every row.

In the order in which data flows: `declared` (the TOML, into the values of `layout`, held to `layout_checks`), `gather`
(which sheet is which table), `cells` (text as days and codes), `deliveries` (when extracts were made), `references`,
`rows` (which are taken, refused, or `copies`), `emit` and `attached` (the records they give rise to, and what hangs on
them), `versions` and `withdrawals` (what several deliveries say of one record), `children`, `assemble` (the tables),
`blame` (what the contract refuses, said of the source's row). `mapped` is the door. `marks` names the columns that go
along, `hashing` makes ids.
"""
