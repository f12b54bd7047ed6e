"""The browser pages on which somebody pays: Alipay's cashier, WeChat's page for browsers, and the scan of a code."""
