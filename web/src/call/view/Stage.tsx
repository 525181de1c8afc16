import { ChevronLeft, ChevronRight } from "lucide-react";
import { type CSSProperties, useEffect, useRef, useState } from "react";
import { Toolbar } from "react-aria-components";
import { IconButton } from "../../components/Button";
import { useText } from "../../i18n";
import { gridShape, tilesPerPage } from "../grid";
import type { Person } from "../model";
import { arrange } from "../order";
import { camera, largeContent, sharedScreens, useSpeaker } from "./stageContent";
import { type Keeping, Tile, type TileContent } from "./Tile";
import type { Layout } from "./viewChoices";

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
  keeping: Keeping;
}

/** One stop of the Tab key, however many people: arrow keys move among them. */
function Grid({ people, size, maxTiles, stalled, keeping }: EveryoneProps) {
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
      <Toolbar className="grid" style={style} aria-label={text.media.tiles}>
        {shown.map((person) => (
          <Tile
            key={person.identity}
            content={camera(person)}
            large={shown.length <= 2}
            stalled={stalled}
            {...(people.length > 1 ? { keeping } : {})}
          />
        ))}
      </Toolbar>
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

function Focus({
  screens,
  people,
  large,
  stalled,
  keeping,
}: {
  screens: readonly TileContent[];
  people: readonly Person[];
  large: TileContent;
  stalled: boolean;
  keeping: Keeping;
}) {
  const text = useText();
  const others = [...screens, ...people.map(camera)].filter(({ key }) => key !== large.key);
  return (
    <Toolbar className="focus" aria-label={text.media.tiles}>
      <div className="focus-large">
        <Tile content={large} large stalled={stalled} keeping={keeping} />
      </div>
      {others.length > 0 && (
        <section className="focus-strip" tabIndex={others.length > 3 ? 0 : -1}>
          {others.map((content) => (
            <Tile key={content.key} content={content} stalled={stalled} keeping={keeping} />
          ))}
        </section>
      )}
    </Toolbar>
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

function Everyone(props: EveryoneProps) {
  const [self, other] = props.people;
  return props.people.length === 2 && self?.self && other ? (
    <Duo other={other} self={self} stalled={props.stalled} />
  ) : (
    <Grid {...props} />
  );
}

interface StageProps {
  people: readonly Person[];
  layout: Layout;
  /** Whether the own video is among the others'. */
  selfView: boolean;
  /** Tiles on one page at most. */
  maxTiles: number;
  /** Nothing arrives any more: what is shown stands still. */
  stalled: boolean;
  keeping: Keeping;
  /** Called with the track that is shown large. */
  onLarge: (sid: string | undefined) => void;
}

/** Everyone's tiles: what is kept large or shared comes first, else all the same size or the speaker large. */
export function Stage({ people: everybody, layout, selfView, maxTiles, stalled, keeping, onLarge }: StageProps) {
  const [measure, size] = useSize();
  const speaker = useSpeaker(everybody);
  const people = selfView ? everybody : everybody.filter((person) => !person.self);
  const screens = sharedScreens(everybody);
  const large = largeContent(screens, people, layout, keeping.kept, speaker);
  const other = everybody.length === 2 ? everybody.find((person) => !person.self) : undefined;
  const largeSid = large?.kind === "screen" ? large.person.screen?.sid : (large?.person ?? other)?.camera?.sid;
  useEffect(() => onLarge(largeSid), [onLarge, largeSid]);
  return (
    <div className="stage" ref={measure}>
      {size.width > 0 &&
        (large ? (
          <Focus screens={screens} people={people} large={large} stalled={stalled} keeping={keeping} />
        ) : (
          <Everyone people={people} size={size} maxTiles={maxTiles} stalled={stalled} keeping={keeping} />
        ))}
    </div>
  );
}
