import { ApiError } from './errors.ts';
import type { Http } from './http.ts';

/** A download fails if no bytes arrive for this long. Its total time is unlimited. */
const silenceMs = 60_000;

type Options = { signal: AbortSignal; onBytes(bytes: number): void };

/** Downloads a file, and reports the number of bytes that have arrived. */
export async function download(http: Pick<Http, 'accepted'>, path: string, { signal, onBytes }: Options) {
  const silence = createTimeout(silenceMs);
  try {
    const response = await http.accepted(path, { signal: AbortSignal.any([signal, silence.signal]) });
    return await fileOf(response, (bytes) => {
      silence.restart();
      onBytes(bytes);
    });
  } finally {
    silence.stop();
  }
}

async function fileOf(response: Response, onBytes: (bytes: number) => void): Promise<Blob> {
  let bytes = 0;
  const counter = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(part, output) {
      bytes += part.byteLength;
      onBytes(bytes);
      output.enqueue(part);
    },
  });
  try {
    return await new Response(response.body?.pipeThrough(counter), response).blob();
  } catch {
    throw new ApiError(0, ['no_answer']);
  }
}

function createTimeout(ms: number) {
  const controller = new AbortController();
  const begin = () => setTimeout(() => controller.abort(), ms);
  let timer = begin();
  return {
    signal: controller.signal,
    restart() {
      clearTimeout(timer);
      timer = begin();
    },
    stop: () => clearTimeout(timer),
  };
}
