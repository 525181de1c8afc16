import { useQuery } from "@tanstack/react-query";
import { useMemo, useSyncExternalStore } from "react";
import { portal, type Site } from "../../api/portal";
import type { CallSession } from "../CallSession";
import { leads } from "../model";
import { type CallActions, CallView } from "./CallView";
import { useLead } from "./useLead";
import { useLeaveGuard } from "./useLeaveGuard";

interface CallProps {
  /** The meeting's. */
  id: string;
  call: CallSession;
  site: Site | undefined;
  keyMadeHere: boolean;
}

export function Call({ id, call, site, keyMadeHere }: CallProps) {
  const state = useSyncExternalStore(call.subscribe, call.state);
  const actions = useMemo(
    (): CallActions => ({
      toggle: call.toggle,
      setMicrophone: (on) => call.setMicrophone(on),
      switchDevice: (kind, id) => call.switchDevice(kind, id),
      activeDevice: (kind) => call.room.getActiveDevice(kind),
      fallBack: (kind, id) => call.switchDevice(kind, id, false),
      microphone: call.microphone,
      suppressNoise: call.noise.set,
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
  // Guests are told nothing of the meeting before they are in it, and the portal's list is for people with an account.
  const guest = state.people.find((person) => person.self)?.kind === "guest";
  const meeting = useQuery({ queryKey: ["meetings", id], queryFn: () => portal.meeting(id), enabled: !guest });
  const lead = useLead(id, leads(state.role));
  return (
    <CallView
      state={state}
      actions={actions}
      lead={lead}
      level={meeting.data?.level}
      data={call.data}
      guard={guard}
      site={site}
      keyMadeHere={keyMadeHere}
    />
  );
}
