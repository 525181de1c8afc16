import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useReducer, useRef } from "react";
import { useNavigate } from "react-router";
import { type Credentials, portal } from "../../api/portal";
import { CallSession } from "../../call/CallSession";
import type { ModeAnnouncement } from "../../call/modeAnnouncement";
import { holdPresence } from "../../call/presence";
import { joinWhenBack, rejoin, reopenTracks } from "../../call/rejoin";
import type { Devices, LocalTrack } from "../../devices/useDevices";
import { forgetLinkKey } from "../../e2ee/keyStore";
import type { MeetingKey } from "../../e2ee/meetingKey";
import { sessionQuery, useApplyModeAnnouncement, useRecheckSession } from "../../session";
import { failureOf } from "./failure";
import { rememberLeft } from "./lastLeft";
import { lookUp } from "./lookUp";
import { type JoinEvent, type JoinState, joinReducer } from "./machine";

interface Entry {
  id: string;
  meetingKey: MeetingKey;
  credentials: Credentials | undefined;
  speaker: string | undefined;
  /** Asked for only once the portal has admitted the participant. */
  tracks: () => LocalTrack[] | Promise<LocalTrack[]>;
}

async function enter({ id, meetingKey, credentials, speaker, tracks }: Entry): Promise<CallSession> {
  const call = new CallSession(await portal.join(id, credentials), speaker);
  await call.join(meetingKey, await tracks());
  return call;
}

/** Asks, each time the state is `loading`, whether the meeting is open and who is signed in. */
function useLookup(id: string, state: JoinState<CallSession>, dispatch: (event: JoinEvent<CallSession>) => void) {
  const queries = useQueryClient();
  const loading = state.name === "loading";
  useEffect(() => {
    if (!loading) return;
    let current = true;
    const meeting = queries.fetchQuery({ queryKey: ["joinable", id], queryFn: () => portal.joinable(id) });
    void lookUp(meeting, queries.ensureQueryData(sessionQuery)).then((event) => current && dispatch(event));
    return () => {
      current = false;
    };
  }, [loading, id, queries, dispatch]);
}

/** Watches a running call: its end, and changes of the site's mode that are announced in it. Leaves it with the page. */
function useCall(id: string, state: JoinState<CallSession>, dispatch: (event: JoinEvent<CallSession>) => void) {
  const applyModeAnnouncement = useApplyModeAnnouncement();
  const call = state.name === "inCall" ? state.call : undefined;
  useEffect(() => {
    if (!call) return;
    let applied: ModeAnnouncement | undefined;
    const observe = () => {
      const { ended, announcement } = call.state();
      if (announcement && announcement !== applied) applyModeAnnouncement(announcement);
      applied = announcement;
      if (ended) dispatch({ type: "ended", reason: ended });
    };
    observe();
    const unsubscribe = call.subscribe(observe);
    const release = holdPresence(id);
    return () => {
      release();
      unsubscribe();
      void call.leave();
    };
  }, [id, call, applyModeAnnouncement, dispatch]);
}

function useRejoin(
  id: string,
  meetingKey: MeetingKey,
  state: JoinState<CallSession>,
  dispatch: (event: JoinEvent<CallSession>) => void,
) {
  useEffect(() => {
    if (state.name !== "rejoining") return;
    const { lost, credentials } = state;
    const previous = lost.previousMedia();
    const speaker = previous.device("audiooutput");
    let wanted = true;
    const again = () => enter({ id, meetingKey, credentials, speaker, tracks: () => reopenTracks(previous) });
    rejoin(again, () => wanted).then(
      (call) => {
        if (call && wanted) dispatch({ type: "joined", call, credentials });
        else void call?.leave();
      },
      (error: unknown) => wanted && dispatch({ type: "failed", failure: failureOf(error) }),
    );
    return () => {
      wanted = false;
    };
  }, [id, meetingKey, state, dispatch]);
}

/** After the end nothing of the meeting stays in this browser: neither its key in this tab nor its address in the history. */
function useEnd(id: string, key: MeetingKey, state: JoinState<CallSession>) {
  const navigate = useNavigate();
  const credentials = useRef<Credentials>(undefined);
  if (state.name === "inCall" || state.name === "rejoining") credentials.current = state.credentials;
  const reason = state.name === "ended" ? state.reason : undefined;
  useEffect(() => {
    if (!reason) return;
    if (reason === "left") rememberLeft({ id, key, credentials: credentials.current });
    forgetLinkKey(id);
    void navigate("/ended", { replace: true, state: { reason } });
  }, [id, key, reason, navigate]);
}

export interface Joining {
  state: JoinState<CallSession>;
  submit: (credentials: Credentials | undefined, devices: Devices) => Promise<void>;
  leave: () => void;
  retry: () => void;
}

/** The way into a meeting: `joinReducer` says what follows what; here is what each state does. */
export function useJoin(id: string, meetingKey: MeetingKey): Joining {
  const [state, dispatch] = useReducer(joinReducer<CallSession>, { name: "loading" });
  const recheckSession = useRecheckSession();
  const mounted = useRef(false);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  useLookup(id, state, dispatch);
  useCall(id, state, dispatch);
  useRejoin(id, meetingKey, state, dispatch);
  useEnd(id, meetingKey, state);

  const submit = async (credentials: Credentials | undefined, devices: Devices) => {
    if (state.name !== "prejoin") return;
    dispatch({ type: "submitted" });
    try {
      const { speaker, handOver: tracks } = devices;
      const call = await joinWhenBack(
        () => enter({ id, meetingKey, credentials, speaker, tracks }),
        () => mounted.current,
        (problem) => dispatch({ type: "waiting", error: problem }),
      );
      if (call && mounted.current) dispatch({ type: "joined", call, credentials });
      else void call?.leave();
    } catch (error) {
      recheckSession(error);
      dispatch({ type: "failed", failure: failureOf(error) });
    }
  };
  const leave = useCallback(() => dispatch({ type: "left" }), []);
  const retry = useCallback(() => dispatch({ type: "retried" }), []);
  return { state, submit, leave, retry };
}
