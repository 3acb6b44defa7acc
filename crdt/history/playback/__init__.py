"""The stored log of one session played back: the document at any moment, what each update changed, who typed when."""
