import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useRef, useState } from "react";
import { RouterProvider as AriaRouter } from "react-aria-components";
import { createBrowserRouter, Route, RouterProvider, Routes, useHref, useNavigate } from "react-router";
import { PortalError } from "./api/portal";
import { ErrorBoundary } from "./components/ErrorBoundary";
import { Loading } from "./components/Loading";
import { LanguageProvider } from "./i18n";
import { EndedPage } from "./pages/EndedPage";
import { ErrorPage } from "./pages/ErrorPage";
import { MeetingPage } from "./pages/MeetingPage";
import { MyMeetings } from "./pages/MyMeetings";
import { SignIn } from "./pages/SignIn";
import { useSession } from "./session";

const Plan = lazy(() => import("./pages/Plan"));
const ChangeMeeting = lazy(() => import("./pages/ChangeMeeting"));
const JoinPage = lazy(() => import("./pages/join/JoinPage"));
const CheckPage = lazy(() => import("./pages/CheckPage"));

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

/** Children for people who are signed in, the sign-in page for others. */
function RequireSignIn({ children }: { children: ReactNode }) {
  const { session, failed } = useSession();
  const wasSignedIn = useRef(false);
  if (session?.authenticated) wasSignedIn.current = true;
  if (failed) return <ErrorPage reason="unreachable" />;
  if (!session) return <Loading />;
  return session.authenticated ? children : <SignIn ended={wasSignedIn.current} />;
}

function Pages() {
  const { session } = useSession();
  const navigate = useNavigate();
  return (
    <LanguageProvider site={session?.language} account={session?.account_language}>
      <AriaRouter navigate={(path) => void navigate(path)} useHref={useHref}>
        <ErrorBoundary>
          <Suspense fallback={<Loading />}>
            <Routes>
              <Route
                path="/"
                element={
                  <RequireSignIn>
                    <MyMeetings />
                  </RequireSignIn>
                }
              />
              <Route
                path="/plan"
                element={
                  <RequireSignIn>
                    <Plan />
                  </RequireSignIn>
                }
              />
              <Route
                path="/meetings/:id"
                element={
                  <RequireSignIn>
                    <MeetingPage />
                  </RequireSignIn>
                }
              />
              <Route
                path="/meetings/:id/change"
                element={
                  <RequireSignIn>
                    <ChangeMeeting />
                  </RequireSignIn>
                }
              />
              <Route path="/m/:id?" element={<JoinPage />} />
              <Route path="/check" element={<CheckPage />} />
              <Route path="/ended" element={<EndedPage />} />
              <Route path="*" element={<ErrorPage reason="notFound" />} />
            </Routes>
          </Suspense>
        </ErrorBoundary>
      </AriaRouter>
    </LanguageProvider>
  );
}

export function App() {
  // Not before the first rendering: a router remembers the address it finds, and the key must have been taken out of it.
  const [router] = useState(() => createBrowserRouter([{ path: "*", element: <Pages /> }]));
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}
