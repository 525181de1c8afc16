import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense } from "react";
import { RouterProvider as AriaRouter } from "react-aria-components";
import { BrowserRouter, Route, Routes, useHref, useNavigate } from "react-router";
import { PortalError } from "./api/portal";
import { ErrorBoundary } from "./components/ErrorBoundary";
import { Loading } from "./components/Loading";
import { LanguageProvider } from "./i18n";
import { Cannot } from "./pages/Cannot";
import { Ended } from "./pages/Ended";
import { MeetingPage } from "./pages/MeetingPage";
import { MyMeetings } from "./pages/MyMeetings";
import { SignIn } from "./pages/SignIn";
import { useSession } from "./session";

const Plan = lazy(() => import("./pages/Plan"));
const Join = lazy(() => import("./pages/Join"));
const Check = lazy(() => import("./pages/Check"));

const queries: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, problem) =>
        count < 2 && !(problem instanceof PortalError && problem.status >= 400 && problem.status < 500),
    },
  },
  queryCache: new QueryCache({
    onError: (problem, query) => {
      const ended = problem instanceof PortalError && problem.status === 401;
      if (ended && query.queryKey[0] !== "session") void queries.invalidateQueries({ queryKey: ["session"] });
    },
  }),
});

function Member({ children }: { children: ReactNode }) {
  const { session, failed } = useSession();
  if (failed) return <Cannot why="unreachable" />;
  if (!session) return <Loading />;
  return session.authenticated ? children : <SignIn />;
}

function Pages() {
  const { session } = useSession();
  const navigate = useNavigate();
  return (
    <LanguageProvider site={session?.language}>
      <AriaRouter navigate={(path) => void navigate(path)} useHref={useHref}>
        <ErrorBoundary>
          <Suspense fallback={<Loading />}>
            <Routes>
              <Route
                path="/"
                element={
                  <Member>
                    <MyMeetings />
                  </Member>
                }
              />
              <Route
                path="/plan"
                element={
                  <Member>
                    <Plan />
                  </Member>
                }
              />
              <Route
                path="/meetings/:id"
                element={
                  <Member>
                    <MeetingPage />
                  </Member>
                }
              />
              <Route path="/m/:id" element={<Join />} />
              <Route path="/check" element={<Check />} />
              <Route path="/ended" element={<Ended />} />
              <Route path="*" element={<Cannot why="missing" />} />
            </Routes>
          </Suspense>
        </ErrorBoundary>
      </AriaRouter>
    </LanguageProvider>
  );
}

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <BrowserRouter>
        <Pages />
      </BrowserRouter>
    </QueryClientProvider>
  );
}
