import { useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from "react-aria-components";
import { endOf, type Meeting, portal } from "../api/portal";
import { Button } from "../components/Button";
import { Notice } from "../components/Notice";
import { forgetLinkKey, keepOrganiserKey } from "../e2ee/keyStore";
import { newMeetingKey } from "../e2ee/meetingKey";
import { useText } from "../i18n";
import { errorText } from "../i18n/errorText";

/** A new key, made in this browser: for an organiser who has lost the old one, or whose circle has changed. */
export function NewLink({ meeting, look = "plain" }: { meeting: Meeting; look?: "plain" | "primary" }) {
  const text = useText();
  const queries = useQueryClient();
  const [error, setError] = useState<unknown>();
  const make = async (close: () => void) => {
    setError(undefined);
    try {
      const now = await portal.renewLink(meeting.id);
      // A link of before is out of date, whatever its number says.
      forgetLinkKey(meeting.id);
      keepOrganiserKey(meeting.id, newMeetingKey(), endOf(now), now.link_version);
      queries.setQueryData(["meetings", meeting.id], now);
      await queries.invalidateQueries({ queryKey: ["meetings"] });
      close();
    } catch (problem) {
      setError(problem);
    }
  };
  return (
    <DialogTrigger>
      <Button look={look}>
        <KeyRound size={18} aria-hidden="true" />
        {text.people.newLink}
      </Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="dialog">
          <Dialog className="dialog-body" role="alertdialog">
            {({ close }) => (
              <>
                <Heading slot="title">{text.people.newLinkTitle}</Heading>
                {meeting.participants > 0 && (
                  <Notice tone="warn">{text.people.newLinkPresent(meeting.participants)}</Notice>
                )}
                <p>{text.people.newLinkText}</p>
                {error !== undefined && <Notice tone="bad">{errorText(text, error)}</Notice>}
                <div className="dialog-actions">
                  <Button onPress={close} autoFocus>
                    {text.app.cancel}
                  </Button>
                  <Button look="primary" onPress={() => void make(close)}>
                    {text.people.newLink}
                  </Button>
                </div>
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}
