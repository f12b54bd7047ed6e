"""An online consultation where it meets the chat: its doctor's talk opens, goes on and ends with it."""
