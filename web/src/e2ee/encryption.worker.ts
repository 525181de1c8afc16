import "livekit-client/e2ee-worker";
import { failClosed, type WorkerScope } from "./failClosed";

failClosed(self as unknown as WorkerScope);
