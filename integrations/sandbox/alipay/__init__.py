"""Alipay (openapi.alipay.com) for one application: its gateway, its cashier in the browser, notices and bills."""
