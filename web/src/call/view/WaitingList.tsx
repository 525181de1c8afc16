import { Ellipsis, MessageSquareText, TriangleAlert, UserRoundCheck, UserRoundX } from "lucide-react";
import { useState } from "react";
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import type { Waiter } from "../../api/portal";
import { Button } from "../../components/Button";
import { Notice } from "../../components/Notice";
import { useText } from "../../i18n";
import { errorText } from "../../i18n/errorText";
import { useTime } from "../../i18n/time";
import { MessageDialog, RefusalDialog } from "./LeadDialogs";
import { useAct } from "./useAct";
import type { LeadActions } from "./useLead";

type Asked = { about: Waiter; for: "deny" | "tell" };

interface RowProps {
  waiter: Waiter;
  busy: boolean;
  onAdmit: () => void;
  onAsk: (what: Asked["for"]) => void;
}

function Row({ waiter, busy, onAdmit, onAsk }: RowProps) {
  const { lead, call, people } = useText();
  const time = useTime();
  const { name, kind, outside, away, note, expected } = waiter;
  return (
    <li className="waiter">
      <div className="person-words">
        <span className="person-name" title={name}>
          <bdi>{name}</bdi>
        </span>
        <span className="person-state">
          <span className={`kind ${kind}`}>{call.kind[kind]}</span>{" "}
          {[lead.waits(time.clock(new Date(waiter.since))), outside && lead.outside, away && lead.away]
            .filter(Boolean)
            .join(" · ")}
        </span>
        {expected && (
          <span className={expected === "name" ? "waiter-note" : "waiter-expected"}>
            {expected === "name" ? (
              <TriangleAlert size={16} aria-hidden="true" />
            ) : (
              <UserRoundCheck size={16} aria-hidden="true" />
            )}
            {people.expected[expected]}
          </span>
        )}
        {note && (
          <span className="waiter-note">
            <TriangleAlert size={16} aria-hidden="true" />
            {lead.note[note]}
          </span>
        )}
      </div>
      <div className="waiter-acts">
        <Button look="primary" aria-label={lead.admitNamed(name)} isDisabled={busy} onPress={onAdmit}>
          {lead.admit}
        </Button>
        <MenuTrigger>
          <AriaButton className="button plain icon" aria-label={lead.moreFor(name)}>
            <Ellipsis size={20} aria-hidden="true" />
          </AriaButton>
          <Popover className="popover" placement="bottom end">
            <Menu className="list-box" onAction={(id) => onAsk(id as Asked["for"])}>
              <MenuItem id="tell" className="list-item">
                <MessageSquareText size={18} aria-hidden="true" />
                {lead.tell}
              </MenuItem>
              <MenuItem id="deny" className="list-item">
                <UserRoundX size={18} aria-hidden="true" />
                {lead.deny}
              </MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
      </div>
    </li>
  );
}

/** Who waits before the door, for those who may open it. */
export function WaitingList({ waiting, actions }: { waiting: readonly Waiter[]; actions: LeadActions }) {
  const text = useText();
  const { busy, error, act } = useAct();
  const [asked, setAsked] = useState<Asked>();
  const expected = waiting.filter((waiter) => waiter.expected === "account" || waiter.expected === "link");
  return (
    <section className="waiting-list" aria-label={text.lead.waiting}>
      <div className="waiting-head">
        <h3>{text.lead.waitingCount(waiting.length)}</h3>
        {waiting.length > 1 && (
          <Button
            look="plain"
            isDisabled={busy}
            onPress={() => void act(() => actions.admitAll(waiting.map(({ number }) => number)))}
          >
            {text.lead.admitAll}
          </Button>
        )}
      </div>
      {expected.length > 0 && expected.length < waiting.length && (
        <Button
          isDisabled={busy}
          onPress={() => void act(() => actions.admitAll(expected.map(({ number }) => number)))}
        >
          {text.people.admitExpected(expected.length)}
        </Button>
      )}
      {waiting.length === 0 && <p className="quiet">{text.lead.waitingNobody}</p>}
      {error !== undefined && <Notice tone="bad">{errorText(text, error)}</Notice>}
      <ul>
        {waiting.map((waiter) => (
          <Row
            key={waiter.number}
            waiter={waiter}
            busy={busy}
            onAdmit={() => void act(() => actions.admit(waiter.number))}
            onAsk={(what) => setAsked({ about: waiter, for: what })}
          />
        ))}
      </ul>
      {asked?.for === "tell" && (
        <MessageDialog
          name={asked.about.name}
          onSend={(message) => actions.tell(asked.about.number, message)}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked?.for === "deny" && (
        <RefusalDialog
          words={{
            title: text.lead.denyTitle(asked.about.name),
            action: text.lead.deny,
            text: text.lead.denyText,
            ban: text.lead.denyBan,
            banHint: text.lead.denyBanHint,
          }}
          onRefuse={(how) => actions.deny(asked.about.number, how)}
          onClose={() => setAsked(undefined)}
        />
      )}
    </section>
  );
}
