import { X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay, Switch } from "react-aria-components";
import { Button, IconButton } from "../../components/Button";
import { SelectField } from "../../components/Field";
import { labelOf } from "../../devices/DeviceCheck";
import { useText } from "../../i18n";
import { shortcutKeys } from "./shortcuts";

export function CallDialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const text = useText();
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && onClose()}>
      <Modal className="dialog">
        <Dialog className="dialog-body">
          <div className="dialog-head">
            <Heading slot="title">{title}</Heading>
            <IconButton name={text.app.close} onPress={onClose}>
              <X aria-hidden="true" />
            </IconButton>
          </div>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** The question before leaving; Escape and a click beside it are no answer but staying. */
export function LeaveDialog({ onLeave, onStay }: { onLeave: () => void; onStay: () => void }) {
  const text = useText();
  return (
    <ModalOverlay className="overlay" isOpen isDismissable onOpenChange={(open) => !open && onStay()}>
      <Modal className="dialog">
        <Dialog className="dialog-body" role="alertdialog">
          <Heading slot="title">{text.call.leaveTitle}</Heading>
          <p>{text.call.leaveText}</p>
          <div className="dialog-actions">
            <Button onPress={onStay} autoFocus>
              {text.call.stay}
            </Button>
            <Button look="danger" onPress={onLeave}>
              {text.call.leave}
            </Button>
          </div>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

export function ShortcutsDialog({
  wanted,
  onWanted,
  onClose,
}: {
  wanted: boolean;
  onWanted: (wanted: boolean) => void;
  onClose: () => void;
}) {
  const text = useText();
  const rows: [string, string][] = [
    [shortcutKeys.microphone, `${text.call.mute} / ${text.call.unmute}`],
    [text.call.shortcutsSpace, text.call.shortcutsHold],
    [shortcutKeys.camera, `${text.call.cameraStop} / ${text.call.cameraStart}`],
    [shortcutKeys.screen, text.call.share],
    [shortcutKeys.people, text.call.people],
    [shortcutKeys.layout, text.call.layoutSpeaker],
    [shortcutKeys.fullscreen, text.call.fullscreen],
    [shortcutKeys.help, text.call.shortcuts],
  ];
  return (
    <CallDialog title={text.call.shortcuts} onClose={onClose}>
      <dl className="keys">
        {rows.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <Switch className="switch" isSelected={wanted} onChange={onWanted}>
        <span className="switch-track" aria-hidden="true" />
        {text.call.shortcutsUse}
      </Switch>
    </CallDialog>
  );
}

export function DevicesDialog({
  active,
  onChoose,
  onClose,
}: {
  active: (kind: MediaDeviceKind) => string | undefined;
  onChoose: (kind: MediaDeviceKind, id: string) => void;
  onClose: () => void;
}) {
  const text = useText();
  const [list, setList] = useState<readonly MediaDeviceInfo[]>();
  useEffect(() => {
    let gone = false;
    void navigator.mediaDevices.enumerateDevices().then((devices) => {
      if (!gone) setList(devices.filter((device) => device.deviceId !== ""));
    });
    return () => {
      gone = true;
    };
  }, []);
  const kinds: [MediaDeviceKind, string][] = [
    ["audioinput", text.devices.microphone],
    ["videoinput", text.devices.camera],
    ["audiooutput", text.devices.speaker],
  ];
  return (
    <CallDialog title={text.devices.settings} onClose={onClose}>
      {list?.length === 0 && <p>{text.devices.none}</p>}
      {kinds.map(([kind, label]) => {
        const devices = (list ?? []).filter((device) => device.kind === kind);
        if (devices.length === 0) return null;
        return (
          <SelectField
            key={kind}
            label={label}
            choices={devices.map((device, n) => ({ id: device.deviceId, label: labelOf(device, label, n) }))}
            value={active(kind) ?? devices[0]?.deviceId ?? null}
            onChange={(id) => onChoose(kind, id)}
          />
        );
      })}
    </CallDialog>
  );
}
