/**
 * The place that the portal has given somebody at a meeting's door, in this tab: a reload finds it, another tab or a
 * copied cookie does not. Gone with the tab, or once the meeting was left.
 */
const PREFIX = "conclave.place.";

export const keptPlace = (id: string): string | undefined => sessionStorage.getItem(PREFIX + id) ?? undefined;

export const keepPlace = (id: string, place: string): void => sessionStorage.setItem(PREFIX + id, place);

export const forgetPlace = (id: string): void => sessionStorage.removeItem(PREFIX + id);
