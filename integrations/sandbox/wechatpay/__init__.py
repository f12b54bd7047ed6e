"""WeChat Pay v3 (api.mch.weixin.qq.com) for one merchant: orders, refunds, bills, notices, and the payer's side."""
