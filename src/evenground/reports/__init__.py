"""What a release looks like to a reader: words, sentences and pictures. Nothing here decides a figure."""
