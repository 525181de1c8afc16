import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { forgetOldKeys, takeKeyFromAddress } from "./e2ee/keyStore";
import { applyTheme, storedTheme } from "./theme";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/pages.css";

takeKeyFromAddress();
forgetOldKeys();
window.addEventListener("hashchange", () => {
  // A second link pasted into the same tab.
  takeKeyFromAddress();
  location.reload();
});
applyTheme(storedTheme());

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
