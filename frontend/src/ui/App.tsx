import type { Application } from '../app.ts';
import { ChatPage } from './ChatPage.tsx';
import { SignIn } from './SignIn.tsx';
import { StorageNotice } from './StorageNotice.tsx';
import { useSignal } from './use-signal.ts';

export function App({ application }: { application: Application }) {
  return (
    <>
      <StorageNotice />
      <Stage application={application} />
    </>
  );
}

function Stage({ application }: { application: Application }) {
  useSignal(application.signal);
  const stage = application.stage();
  switch (stage.name) {
    case 'starting':
      return (
        <main className="centre" aria-busy="true">
          <p className="quiet">Opening Parley …</p>
        </main>
      );
    case 'unreachable':
      return (
        <main className="centre">
          <h1>Parley</h1>
          <p role="alert">{stage.reason}</p>
          <button type="button" className="primary" onClick={() => void application.start()}>
            Try again
          </button>
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
