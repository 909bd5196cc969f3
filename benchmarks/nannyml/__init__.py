"""The same decorated call by NannyML's own decorator and through `footfall_nannyml`, in one run."""
