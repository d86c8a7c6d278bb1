import { explain } from '@parley/client/api/errors';
import type { Api } from '@parley/client/api/requests';
import { isolate } from '@parley/contract/direction';
import { Download } from 'lucide';
import { useEffect, useId, useRef, useState } from 'react';
import { Button } from './components/Button.tsx';
import { saveFile } from './save-file.ts';

/** Saves the person's export as a file. Closing the dialog stops it. */
export function DownloadData({ api, handle }: { api: Api; handle: string }) {
  const id = useId();
  const [bytes, setBytes] = useState<number>();
  const [notice, setNotice] = useState('');
  const [error, setError] = useState('');
  const running = useRef<AbortController>(undefined);
  useEffect(() => () => running.current?.abort(), []);

  function begin() {
    running.current = new AbortController();
    return running.current;
  }

  async function download() {
    if (bytes !== undefined) return;
    const { signal } = begin();
    setBytes(0);
    setNotice('');
    setError('');
    try {
      const content = await api.exportProfile({ signal, onBytes: setBytes });
      if (signal.aborted) return;
      const name = `parley-${handle}-${new Date().toISOString().slice(0, 10)}.jsonl`;
      saveFile(content, name);
      setNotice(`Saved as ${isolate(name)}`);
    } catch (failure) {
      setError(`Your data could not be downloaded. ${explain(failure)}`);
    } finally {
      setBytes(undefined);
    }
  }

  return (
    <>
      <p className="hint" id={id}>
        Your profile, your conversations and everything you wrote, as JSON Lines.
      </p>
      <Button
        icon={Download}
        aria-describedby={id}
        aria-disabled={bytes !== undefined}
        onClick={() => void download()}
      >
        {bytes === undefined ? 'Download my data' : `Downloading … ${sizeOf(bytes)}`}
      </Button>
      <p role="status" className="file-name">
        {notice}
      </p>
      <p role="alert" className="error">
        {error}
      </p>
    </>
  );
}

const sizeOf = (bytes: number) =>
  bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
