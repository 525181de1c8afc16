import { useSyncExternalStore } from "react";
import type { DataState, MeetingData } from "../MeetingData";

export const useData = (data: MeetingData): DataState => useSyncExternalStore(data.subscribe, data.state);
