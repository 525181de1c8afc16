import { X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { Button, IconButton } from "../../components/Button";
import { SelectField } from "../../components/Field";
import { labelOf } from "../../devices/DeviceCheck";
import { useText } from "../../i18n";

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
