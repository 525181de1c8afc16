import { createRoot } from "react-dom/client";
import { type CallActions, CallView } from "../../src/call/view/CallView";
import { LanguageProvider } from "../../src/i18n";
import { applyTheme, storedTheme } from "../../src/theme";
import "../../src/styles/tokens.css";
import "../../src/styles/base.css";
import "../../src/styles/controls.css";
import "../../src/styles/pages.css";
import { scenes } from "./people";

const nothing = async () => undefined;
const actions: CallActions = {
  toggle: nothing,
  setMicrophone: nothing,
  switchDevice: nothing,
  activeDevice: () => undefined,
  startSound: nothing,
  confirmAlarms: () => undefined,
  checkAgain: () => undefined,
  leave: nothing,
};
const scene = scenes[new URLSearchParams(location.search).get("scene") ?? "four"] ?? scenes["four"];
const root = document.getElementById("root");
applyTheme(storedTheme());
if (root && scene)
  createRoot(root).render(
    <LanguageProvider site="de">
      <CallView state={scene()} actions={actions} site={undefined} keyMadeHere={false} />
    </LanguageProvider>,
  );
