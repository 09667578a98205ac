"""What a person sees and decides: a flag is a prompt for review, with its records, its gaps and its questions."""
