"""WeChat's side of an official account (服务号) in secure mode."""
