import { ChevronLeft, ChevronRight } from "lucide-react";
import { type CSSProperties, useEffect, useRef, useState } from "react";
import { IconButton } from "../../components/Button";
import { useText } from "../../i18n";
import { gridShape, tilesPerPage } from "../grid";
import type { Person } from "../model";
import { arrange } from "../order";
import { Tile, type TileContent } from "./Tile";

export type Layout = "grid" | "speaker";

interface Size {
  width: number;
  height: number;
}

function useSize(): [(element: HTMLElement | null) => void, Size] {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  const [element, setElement] = useState<HTMLElement | null>(null);
  useEffect(() => {
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [setElement, size];
}

/** Keeps people where they are; see `arrange`. */
function useOrder(people: readonly Person[], capacity: number): Person[] {
  const order = useRef<string[]>([]);
  const spoke = useRef(new Map<string, number>());
  for (const person of people) if (person.speaking) spoke.current.set(person.identity, Date.now());
  order.current = arrange(order.current, people, capacity, spoke.current);
  const byIdentity = new Map(people.map((person) => [person.identity, person]));
  return order.current.map((identity) => byIdentity.get(identity)).filter((person) => person !== undefined);
}

interface EveryoneProps {
  people: readonly Person[];
  size: Size;
  maxTiles: number;
  stalled: boolean;
}

const camera = (person: Person): TileContent => ({ key: `${person.identity}/camera`, person, kind: "camera" });
const screen = (person: Person): TileContent => ({ key: `${person.identity}/screen`, person, kind: "screen" });

function Grid({ people, size, maxTiles, stalled }: EveryoneProps) {
  const text = useText();
  const [page, setPage] = useState(0);
  const capacity = Math.max(1, Math.min(maxTiles, tilesPerPage(size.width, size.height)));
  const ordered = useOrder(people, capacity);
  const pages = Math.max(1, Math.ceil(ordered.length / capacity));
  const shownPage = Math.min(page, pages - 1);
  const shown = ordered.slice(shownPage * capacity, (shownPage + 1) * capacity);
  const pagerHeight = pages > 1 ? 52 : 0;
  const shape = gridShape(Math.max(1, shown.length), size.width, Math.max(1, size.height - pagerHeight));
  const style = {
    "--columns": shape.columns,
    "--tile-width": `${shape.tileWidth}px`,
    "--tile-height": `${shape.tileHeight}px`,
  } as CSSProperties;
  return (
    <>
      <div className="grid" style={style}>
        {shown.map((person) => (
          <Tile key={person.identity} content={camera(person)} large={shown.length <= 2} stalled={stalled} />
        ))}
      </div>
      {pages > 1 && (
        <nav className="pager" aria-label={text.call.page(shownPage + 1, pages)}>
          <IconButton name={text.call.pagePrevious} isDisabled={shownPage === 0} onPress={() => setPage(shownPage - 1)}>
            <ChevronLeft aria-hidden="true" />
          </IconButton>
          <span className="numbers">{text.call.page(shownPage + 1, pages)}</span>
          <IconButton
            name={text.call.pageNext}
            isDisabled={shownPage >= pages - 1}
            onPress={() => setPage(shownPage + 1)}
          >
            <ChevronRight aria-hidden="true" />
          </IconButton>
        </nav>
      )}
    </>
  );
}

/** Who is shown large: whoever speaks, else whoever spoke last, else the first of the others. */
function useSpeaker(people: readonly Person[]): Person | undefined {
  const last = useRef<string>(undefined);
  const others = people.filter((person) => !person.self);
  const current = others.find((person) => person.identity === last.current);
  const speaking = others.filter((person) => person.speaking);
  const chosen = current?.speaking ? current : (speaking[0] ?? current ?? others[0] ?? people[0]);
  last.current = chosen?.identity;
  return chosen;
}

function Focus({ people, large, stalled }: { people: readonly Person[]; large: TileContent; stalled: boolean }) {
  const others = people.filter((person) => large.kind === "screen" || person.identity !== large.person.identity);
  return (
    <div className="focus">
      <div className="focus-large">
        <Tile content={large} large stalled={stalled} />
      </div>
      {others.length > 0 && (
        <section className="focus-strip" tabIndex={others.length > 3 ? 0 : -1}>
          {others.map((person) => (
            <Tile key={person.identity} content={camera(person)} stalled={stalled} />
          ))}
        </section>
      )}
    </div>
  );
}

/** Two people: the other one large, oneself small in the corner. */
function Duo({ other, self, stalled }: { other: Person; self: Person; stalled: boolean }) {
  return (
    <div className="duo">
      <Tile content={camera(other)} large stalled={stalled} />
      <div className="duo-self">
        <Tile content={camera(self)} />
      </div>
    </div>
  );
}

function Everyone({ people, size, maxTiles, stalled }: EveryoneProps) {
  const [self, other] = people;
  return people.length === 2 && self && other ? (
    <Duo other={other} self={self} stalled={stalled} />
  ) : (
    <Grid people={people} size={size} maxTiles={maxTiles} stalled={stalled} />
  );
}

interface StageProps {
  people: readonly Person[];
  layout: Layout;
  /** Tiles on one page at most. */
  maxTiles: number;
  /** Nothing arrives any more: what is shown stands still. */
  stalled: boolean;
  /** Called with the track that is shown large. */
  onLarge: (sid: string | undefined) => void;
}

/** Everyone's tiles: a shared screen comes first, else all the same size or the speaker large. */
export function Stage({ people, layout, maxTiles, stalled, onLarge }: StageProps) {
  const [measure, size] = useSize();
  const speaker = useSpeaker(people);
  const sharing = people.filter((person) => person.screen);
  const shared = sharing.find((person) => !person.self) ?? sharing[0];
  const large = shared
    ? screen(shared)
    : layout === "speaker" && people.length > 1 && speaker
      ? camera(speaker)
      : undefined;
  const other = people.length === 2 ? people.find((person) => !person.self) : undefined;
  const largeSid = large?.kind === "screen" ? large.person.screen?.sid : (large?.person ?? other)?.camera?.sid;
  useEffect(() => onLarge(largeSid), [onLarge, largeSid]);
  return (
    <div className="stage" ref={measure}>
      {size.width > 0 &&
        (large ? (
          <Focus people={people} large={large} stalled={stalled} />
        ) : (
          <Everyone people={people} size={size} maxTiles={maxTiles} stalled={stalled} />
        ))}
    </div>
  );
}
