// Says why a passkey cannot be used here, or was not. allauth's scripts do the rest.
(() => {
  const error = document.querySelector("[data-passkey-error]");
  const host = document.querySelector("[data-passkey-host]");
  const buttons = document.querySelectorAll("#passkey_login, #mfa_webauthn_add, #mfa_webauthn_authenticate, #mfa_webauthn_reauthenticate");

  document.addEventListener("allauth.error", (event) => {
    if (!event.detail.tags.includes("webauthn") || !error) return;
    event.preventDefault();
    error.hidden = false;
  });
  for (const button of buttons) {
    button.addEventListener("click", () => { if (error) error.hidden = true; });
  }

  // Browsers refuse passkeys for bare numbers, even for one's own machine.
  const { hostname, href } = location;
  if (/^[\d.]+$/.test(hostname) || hostname.startsWith("[")) {
    for (const button of buttons) button.disabled = true;
    const own = hostname.startsWith("127.") || hostname === "[::1]";
    const link = host?.querySelector("[data-passkey-link]");
    if (link && own) link.href = href.replace(hostname, "localhost");
    else link?.remove();
    if (host && (own || !document.getElementById("passkey_login"))) host.hidden = false;
  } else if (!window.PublicKeyCredential) {
    for (const button of buttons) button.disabled = true;
  }
})();
