import type { Application } from '../app.ts';
import { ChatPage } from './ChatPage.tsx';
import { Brand } from './components/Brand.tsx';
import { Button } from './components/Button.tsx';
import { SignIn } from './SignIn.tsx';
import { Toasts } from './Toasts.tsx';
import { useSignal } from './use-signal.ts';

export function App({ application }: { application: Application }) {
  useSignal(application.signal);
  const stage = application.stage();
  return (
    <>
      <Stage application={application} />
      <Toasts chat={stage.name === 'signed-in' ? stage.chat : undefined} onRetry={application.retryNow} />
    </>
  );
}

function Stage({ application }: { application: Application }) {
  const stage = application.stage();
  switch (stage.name) {
    case 'starting':
      return (
        <main className="centre starting" aria-busy="true">
          <Brand />
          <p className="unseen">Opening Parley …</p>
        </main>
      );
    case 'unreachable':
      return (
        <main className="centre">
          <h1>
            <Brand />
          </h1>
          <p role="alert">{stage.reason}</p>
          <Button kind="primary" onClick={() => void application.start()}>
            Try again
          </Button>
        </main>
      );
    case 'signed-out':
      return (
        <SignIn
          cognito={stage.cognito}
          config={stage.config}
          farewell={stage.farewell}
          checkHandle={application.checkHandle}
          onSignIn={application.signIn}
        />
      );
    case 'signed-in':
      return (
        <ChatPage
          chat={stage.chat}
          api={stage.api}
          config={stage.config}
          application={application}
          wantedHandle={stage.wantedHandle}
        />
      );
  }
}
