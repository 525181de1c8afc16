import { useMemo, useSyncExternalStore } from "react";
import type { Site } from "../../api/portal";
import type { CallSession } from "../CallSession";
import { type CallActions, CallView } from "./CallView";
import { useLeaveGuard } from "./useLeaveGuard";

export function Call({ call, site, keyMadeHere }: { call: CallSession; site: Site | undefined; keyMadeHere: boolean }) {
  const state = useSyncExternalStore(call.subscribe, call.state);
  const actions = useMemo(
    (): CallActions => ({
      toggle: call.toggle,
      setMicrophone: (on) => call.setMicrophone(on),
      switchDevice: (kind, id) => call.switchDevice(kind, id),
      activeDevice: (kind) => call.room.getActiveDevice(kind),
      startAudio: call.startAudio,
      dismissAlarms: call.dismissAlarms,
      recheckKeys: call.recheckKeys,
      dismissRemoved: call.dismissRemoved,
      enlarge: call.enlarge,
      leave: () => call.leave(),
    }),
    [call],
  );
  const guard = useLeaveGuard();
  return <CallView state={state} actions={actions} guard={guard} site={site} keyMadeHere={keyMadeHere} />;
}
