"""What staff and operators do on the command line; bot.cli puts it together."""
