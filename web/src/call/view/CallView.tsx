import { Gauge, KeyRound, MicOff, MonitorUp, ShieldAlert, UserRoundX, VideoOff, Volume2 } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Site, Waiter } from "../../api/portal";
import { Button } from "../../components/Button";
import { LevelBadge } from "../../components/LevelBadge";
import { ModeBanner } from "../../components/ModeBanner";
import { useDocumentTitle } from "../../components/Page";
import { useHeadingFocus } from "../../components/useHeadingFocus";
import { useText } from "../../i18n";
import { deviceFailureText, errorText } from "../../i18n/errorText";
import { MAX_TILES } from "../cap";
import { playSignal, signalsWanted, wantSignals } from "../chime";
import type { MeetingData } from "../data/MeetingData";
import { ChatPanel } from "../data/view/ChatPanel";
import { DataNews } from "../data/view/DataNews";
import { VotesPanel } from "../data/view/VotesPanel";
import { type CallState, hasWrongKey, type LocalSource, leads } from "../model";
import { Arrivals } from "./Arrivals";
import { AskedDialog } from "./AskedDialog";
import { ControlBar, canFillScreen, canShareScreen, isPanel, type PanelName } from "./ControlBar";
import { DevicesDialog, LeaveDialog } from "./Dialogs";
import { EndNotice } from "./EndNotice";
import { EndDialog } from "./LeadDialogs";
import { LobbyNotice } from "./LobbyNotice";
import { MediaNotices } from "./MediaNotices";
import { PeoplePanel } from "./PeoplePanel";
import { PipCall } from "./PipCall";
import { Shield } from "./Shield";
import { ShortcutsDialog } from "./ShortcutsDialog";
import { Stage } from "./Stage";
import { StopNotice } from "./StopNotice";
import { chosenKeys, type Shortcut, shortcutsWanted, useShortcuts, wantShortcuts } from "./shortcuts";
import { useAct } from "./useAct";
import { useArrivals } from "./useArrivals";
import { useCallViewing } from "./useCallViewing";
import type { Lead } from "./useLead";
import type { LeaveGuard } from "./useLeaveGuard";
import { answer, type OwnActions } from "./useOwn";
import { usePushToTalk } from "./usePushToTalk";
import { useStatusMessage } from "./useStatusMessage";
import { useWakeLock } from "./useWakeLock";
import { Watermark } from "./Watermark";
import "../../styles/call.css";
import "../../styles/data.css";
import "../../styles/view.css";

const NOBODY: readonly Waiter[] = [];

export interface CallActions {
  toggle: (source: LocalSource) => Promise<void>;
  setMicrophone: (on: boolean) => Promise<void>;
  switchDevice: (kind: MediaDeviceKind, id: string) => Promise<void>;
  activeDevice: (kind: MediaDeviceKind) => string | undefined;
  /** Takes another device in place of one that is gone; the next call starts with what was chosen all the same. */
  fallBack: (kind: MediaDeviceKind, id: string) => Promise<void>;
  suppressNoise: (on: boolean) => Promise<void>;
  /** The own microphone's track, as the device gives it. */
  microphone: () => MediaStreamTrack | undefined;
  startAudio: () => Promise<void>;
  dismissAlarms: () => void;
  recheckKeys: () => void;
  dismissRemoved: () => void;
  enlarge: (sid: string | undefined) => void;
  leave: () => Promise<void>;
}

function Alarm({ state, onDismiss }: { state: CallState; onDismiss: () => void }) {
  const text = useText();
  const names = [...new Set(state.alarms.map((refusal) => refusal.name))];
  if (names.length === 0) return null;
  return (
    <div className="alarm" role="alert">
      <ShieldAlert size={28} aria-hidden="true" />
      <div>
        <strong>{text.blocked.alarmTitle}</strong>
        <p>{text.blocked.alarm(names.join(", "))}</p>
      </div>
      <Button onPress={onDismiss}>{text.call.dismiss}</Button>
    </div>
  );
}

function WrongKey({ actions }: { actions: CallActions }) {
  const text = useText();
  return (
    <div className="wrong-key" role="alert">
      <div className="wrong-key-body">
        <div className="statement-icon bad">
          <KeyRound size={32} aria-hidden="true" />
        </div>
        <h2>{text.wrongKey.title}</h2>
        <p>{text.wrongKey.text}</p>
        <p>{text.wrongKey.todo}</p>
        <div className="actions">
          <Button look="primary" onPress={() => void actions.leave()}>
            {text.call.leave}
          </Button>
          <Button onPress={actions.recheckKeys}>{text.wrongKey.retry}</Button>
        </div>
      </div>
    </div>
  );
}

/** The call as people see it, without state of its own beyond the view's. */
export function CallView({
  state: call,
  actions,
  data,
  lead,
  own,
  level,
  guard,
  site,
  keyMadeHere,
}: {
  state: CallState;
  actions: CallActions;
  /** What members tell each other. */
  data?: MeetingData | undefined;
  /** For those who lead the meeting. */
  lead?: Lead | undefined;
  /** What everybody inside tells the organisers. */
  own?: OwnActions | undefined;
  /** The meeting's security level. */
  level?: string | undefined;
  guard: LeaveGuard;
  site: Site | undefined;
  /** This browser created the meeting's key: if keys do not match, the others' are wrong. */
  keyMadeHere: boolean;
}) {
  const text = useText();
  const root = useRef<HTMLDivElement>(null);
  const viewing = useCallViewing(call, level, root);
  const { state, toggleLayout } = viewing;
  const { layout } = viewing.choices;
  const { toggle: togglePip } = viewing.pip;
  const statusMessage = viewing.mask(useStatusMessage(state));
  const { error: failed, act: attempt } = useAct();
  const [panel, setPanel] = useState<PanelName>();
  const [realTime, setRealTime] = useState(false);
  const [dialog, setDialog] = useState<"devices" | "shortcuts" | "end">();
  const [signals, setSignals] = useState(signalsWanted);
  const [wanted, setWanted] = useState(shortcutsWanted);
  const [keys, setKeys] = useState(chosenKeys);
  const [fullscreen, setFullscreen] = useState(false);
  const { toggle, setMicrophone } = actions;
  const sharesAudio = state.people.some(({ self, screenAudio }) => self && screenAudio !== undefined);
  const { mayShare } = state;
  const waiting = lead?.room?.waiting ?? NOBODY;
  useDocumentTitle(waiting.length > 0 ? text.call.titleWaiting(text.call.title, waiting.length) : text.call.title);
  const admit = async (number: number) => {
    // The notice goes, and its button with it.
    document.querySelector<HTMLElement>(".controls [aria-expanded]")?.focus();
    try {
      await lead?.actions.admit(number);
    } catch {
      // The list says why, and what else can be done.
      setPanel("people");
    }
  };
  const onArrival = useCallback(() => signals && playSignal("arrival"), [signals]);
  const onKnock = useCallback(() => signals && playSignal("knock"), [signals]);
  const arrivals = useArrivals(state, onArrival);

  useEffect(() => {
    const changed = () => setFullscreen(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);

  const act = useCallback(
    (what: Shortcut) => {
      if (what === "microphone" || what === "camera") void toggle(what);
      else if (what === "screen") canShareScreen() && mayShare && void toggle("screen");
      else if (isPanel(what)) setPanel((open) => (open === what ? undefined : what));
      else if (what === "layout") toggleLayout();
      else if (what === "pip") void togglePip();
      else if (what === "help") setDialog("shortcuts");
      else if (!canFillScreen()) return;
      else if (document.fullscreenElement) void document.exitFullscreen();
      else void document.documentElement.requestFullscreen();
    },
    [toggle, mayShare, toggleLayout, togglePip],
  );
  const speak = usePushToTalk(state.sending.microphone, setMicrophone);
  useShortcuts(wanted && dialog === undefined && !guard.asked && state.phase === "connected", keys, act, speak);

  const closePanel = useCallback(() => setPanel(undefined), []);
  useHeadingFocus(root);
  useWakeLock();

  const stalled = state.stalled || state.phase === "reconnecting";
  const wrongKey = !keyMadeHere && hasWrongKey(state.people);
  return (
    <div className="call" ref={root}>
      <header>
        <ModeBanner site={site} />
        <div className="call-head">
          <h1 className="hidden-text">{text.call.title}</h1>
          <Shield state={state} onRecheck={actions.recheckKeys} />
          {level && <LevelBadge level={level} />}
          <p className="status-message" role="status">
            {statusMessage}
          </p>
        </div>
        <Alarm state={state} onDismiss={actions.dismissAlarms} />
        {lead && (
          <LobbyNotice
            waiting={waiting}
            locked={lead.room?.locked ?? false}
            shown={panel === "people"}
            onShow={() => setPanel("people")}
            onAdmit={(number) => void admit(number)}
            onKnock={onKnock}
          />
        )}
        {lead?.room && <StopNotice room={lead.room} onChange={lead.actions.setRoom} />}
        <EndNotice closesAt={state.closesAt} lead={lead} />
        {failed !== undefined && (
          <div className="strip warn" role="alert">
            {errorText(text, failed)}
          </div>
        )}
        {!state.mayFilm && (
          <div className="strip" role="status">
            <VideoOff size={20} aria-hidden="true" />
            {text.floor.cameraClosedLong}
          </div>
        )}
        {!state.maySpeak && (
          <div className="strip" role="status">
            <MicOff size={20} aria-hidden="true" />
            {text.call.floorClosedLong}
          </div>
        )}
        {stalled && (
          <div className="strip warn" role="alert">
            <span className="spinner" aria-hidden="true" />
            {text.call.reconnecting}
          </div>
        )}
        {state.removedByIsolation.length > 0 && (
          <div className="strip" role="status">
            <UserRoundX size={20} aria-hidden="true" />
            {text.call.removedByIsolation([...new Set(state.removedByIsolation)].join(", "))}
            <Button onPress={actions.dismissRemoved}>{text.call.dismiss}</Button>
          </div>
        )}
        {state.cap !== "full" && (
          <div className="strip" role="status">
            <Gauge size={20} aria-hidden="true" />
            {text.call.cap[state.cap]}
          </div>
        )}
        {state.autoplayBlocked && (
          <div className="strip">
            <Volume2 size={20} aria-hidden="true" />
            {text.call.autoplayBlocked}
            <Button onPress={() => void actions.startAudio()}>{text.call.audioStart}</Button>
          </div>
        )}
        <MediaNotices state={state} actions={actions} onDevices={() => setDialog("devices")} />
        {viewing.pip.failed && (
          <div className="strip warn" role="alert">
            {text.media.pipFailed}
          </div>
        )}
        {state.deviceFailed && (
          <div className="strip warn" role="alert">
            {deviceFailureText(text, state.deviceFailed)}
          </div>
        )}
        {state.sending.screen && (
          <div className="strip">
            <MonitorUp size={20} aria-hidden="true" />
            {text.call.shareRunning(sharesAudio)}
            <Button onPress={() => void toggle("screen")}>{text.call.shareStop}</Button>
          </div>
        )}
      </header>
      <main className={panel ? "call-main with-panel" : "call-main"}>
        <div className="stage-frame">
          <Stage
            people={state.people}
            layout={layout}
            selfView={viewing.choices.selfView}
            stalled={stalled}
            keeping={viewing.keeping}
            maxTiles={state.outside ? MAX_TILES : Number.POSITIVE_INFINITY}
            onLarge={actions.enlarge}
          />
          {viewing.mayMark && viewing.choices.watermark && <Watermark name={viewing.ownName} />}
          <Arrivals who={arrivals.map((who) => ({ ...who, name: viewing.mask(who.name) }))} />
          {data && <DataNews data={data} chatShown={panel === "chat"} mask={viewing.mask} />}
          {wrongKey && <WrongKey actions={actions} />}
          {state.people.length === 1 && (
            <div className="nobody" role="status">
              <strong>{text.call.alone}</strong>
              <p>{text.call.aloneHint}</p>
            </div>
          )}
        </div>
        {panel === "people" && <PeoplePanel people={state.people} lead={lead} onClose={closePanel} />}
        {panel === "chat" && data && (
          <ChatPanel
            data={data}
            realTime={realTime}
            onRealTime={setRealTime}
            mask={viewing.mask}
            onClose={closePanel}
          />
        )}
        {panel === "votes" && data && (
          <VotesPanel
            data={data}
            identity={state.people.find(({ self }) => self)?.identity}
            leads={leads(state.role)}
            mask={viewing.mask}
            onClose={closePanel}
          />
        )}
      </main>
      <ControlBar
        state={state}
        viewing={viewing}
        onNoise={() => void actions.suppressNoise(state.noise !== "on")}
        panel={panel}
        data={data}
        fullscreen={fullscreen}
        waiting={waiting.length}
        signals={signals}
        onToggle={(what) => void toggle(what)}
        onPanel={act}
        onLayout={() => act("layout")}
        onFullscreen={() => act("fullscreen")}
        onDevices={() => setDialog("devices")}
        onShortcuts={() => setDialog("shortcuts")}
        onSignals={() => {
          wantSignals(!signals);
          setSignals(!signals);
        }}
        onLeave={() => void actions.leave()}
        onHand={(up) => own && void attempt(() => own.raiseHand(up))}
        onStop={lead && (() => void attempt(lead.actions.stop))}
        onEnd={lead && (() => setDialog("end"))}
      />
      {viewing.pip.into && (
        <PipCall
          into={viewing.pip.into}
          state={state}
          stalled={stalled}
          kept={viewing.keeping.kept}
          message={statusMessage}
          onToggle={(what) => void toggle(what)}
          onBack={() => {
            void togglePip();
            window.focus();
          }}
        />
      )}
      {dialog === "shortcuts" && (
        <ShortcutsDialog
          wanted={wanted}
          keys={keys}
          onKeys={setKeys}
          onWanted={(on) => {
            wantShortcuts(on);
            setWanted(on);
          }}
          onClose={() => setDialog(undefined)}
        />
      )}
      {dialog === "devices" && (
        <DevicesDialog
          active={actions.activeDevice}
          onChoose={(kind, id) => void actions.switchDevice(kind, id)}
          onClose={() => setDialog(undefined)}
        />
      )}
      {dialog === "end" && lead && <EndDialog onEnd={lead.actions.end} onClose={() => setDialog(undefined)} />}
      {own && (
        <AskedDialog
          question={state.question}
          onAnswer={(agreed, wanted) => answer(own, state, actions, agreed, wanted)}
        />
      )}
      {guard.asked && <LeaveDialog onLeave={() => void actions.leave()} onStay={guard.stay} />}
    </div>
  );
}
