// The parts of WeChat's JS-SDK that ask for subscription notices, with a question in the page instead of WeChat's own,
// and for a payment, whose sheet the phone shows. What WeChat's browser itself gives to a page (WeixinJSBridge) comes
// from here too.
(() => {
  const home = new URL(document.currentScript.src).href.replace(/js\/[^/]*$/, "");
  const openid = window.name.startsWith("wechat:") ? window.name.slice(7) : "";
  const waiting = { ready: [], error: [] };
  let state = "";
  let appId = "";
  let allowed = [];

  const post = (path, body) =>
    fetch(home + path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const settle = (event, value) => {
    state = event;
    waiting[event].forEach((listener) => listener(value));
  };

  window.wx = {
    ready: (listener) => (state === "ready" ? listener() : waiting.ready.push(listener)),
    error: (listener) => waiting.error.push(listener),
    async config(given) {
      const { timestamp, nonceStr, signature } = given;
      appId = given.appId;
      const answer = await post("config", { appId, timestamp, nonceStr, signature, url: location.href });
      const { errMsg } = await answer.json();
      if (errMsg !== "config:ok") return settle("error", { errMsg });
      allowed = given.jsApiList || [];
      settle("ready");
      if (!openid || !(given.openTagList || []).includes("wx-open-subscribe")) {
        const detail = { errMsg: "not in WeChat, or the tag was not asked for" };
        return document.dispatchEvent(new CustomEvent("WeixinOpenTagsError", { detail }));
      }
      document.querySelectorAll("wx-open-subscribe").forEach(draw);
    },
    async chooseWXPay(given) {
      const { success, fail, cancel, complete, timestamp, timeStamp, ...rest } = given;
      const { result, reason } = allowed.includes("chooseWXPay")
        ? await pay({ ...rest, appId: rest.appId || appId, timeStamp: String(timeStamp || timestamp) })
        : { result: "fail", reason: "the permission value is offline verifying" };
      const told = { errMsg: `chooseWXPay:${result}`, ...(reason && { err_desc: reason }) };
      const listener = { ok: success, cancel, fail }[result];
      if (listener) listener(told);
      if (complete) complete(told);
    },
    checkJsApi({ jsApiList, success }) {
      const known = ["chooseWXPay", "checkJsApi"];
      const checkResult = Object.fromEntries(jsApiList.map((name) => [name, Boolean(openid) && known.includes(name)]));
      success({ checkResult, errMsg: "checkJsApi:ok" });
    },
  };

  async function pay(given) {
    if (!openid) return { result: "fail", reason: "not in WeChat" };
    const answer = await post("pay", { openid, ...given });
    return answer.ok ? answer.json() : { result: "fail", reason: "a parameter is missing" };
  }

  if (openid) {
    window.WeixinJSBridge = {
      async invoke(name, given, listener) {
        if (name !== "getBrandWCPayRequest") return listener({ err_msg: `${name}:fail, function not exist` });
        const { result, reason } = await pay(given);
        listener({ err_msg: `get_brand_wcpay_request:${result}`, ...(reason && { err_desc: reason }) });
      },
      on() {},
      call() {},
    };
    document.dispatchEvent(new Event("WeixinJSBridgeReady"));
  }

  function draw(tag) {
    const shadow = tag.attachShadow({ mode: "open" });
    shadow.innerHTML = [...tag.querySelectorAll("script[type='text/wxtag-template']")].map((s) => s.textContent).join("");
    shadow.addEventListener("click", () => ask(tag, shadow));
  }

  async function ask(tag, shadow) {
    const templates = tag.getAttribute("template").split(",");
    const answer = await post("question", templates);
    if (!answer.ok) return tell(tag, "error", { errCode: "20001", errMsg: "no template" });
    const titles = await answer.json();
    const box = document.createElement("div");
    box.setAttribute("style", "position:fixed;inset:auto 0 0 0;background:#fff;color:#111;padding:20px;" +
      "border-radius:14px 14px 0 0;box-shadow:0 -6px 40px rgba(0,0,0,.35);font:16px/1.6 sans-serif;z-index:9");
    const line = document.createElement("p");
    line.textContent = `公众号申请给您发送：${titles.join("、")}`;
    box.append(line, choice("取消", false), choice("允许", true));
    shadow.append(box);

    function choice(title, accept) {
      const button = document.createElement("button");
      button.textContent = title;
      button.dataset.testid = accept ? "permit" : "refuse";
      button.setAttribute("style", "font:inherit;padding:8px 32px;margin:8px 12px 0 0;border:0;border-radius:8px;" +
        (accept ? "background:#07c160;color:#fff" : "background:#eee;color:#111"));
      button.addEventListener("click", async (event) => {
        event.stopPropagation();
        box.remove();
        await post("answer", { openid, templates, accept });
        const status = JSON.stringify({ status: accept ? "accept" : "reject" });
        const details = JSON.stringify(Object.fromEntries(templates.map((id) => [id, status])));
        tell(tag, "success", { errMsg: "subscribe:ok", subscribeDetails: details });
      });
      return button;
    }
  }

  const tell = (tag, name, detail) => tag.dispatchEvent(new CustomEvent(name, { detail }));
})();
