"""What leaves: one offline HTML file, a workbook, tables. Reports receive values and compute nothing."""
