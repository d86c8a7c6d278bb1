import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttp } from '@parley/client/api/http';
import { fixedToken } from '@parley/client/tokens';
import { keepSystem, noteSecret, noteText } from '@parley/engines/testing/suite-log';
import getPort from 'get-port';
import { type Browser, chromium, type Page } from 'playwright-core';

/* What the browser tests share: a running Parley, browsers, and a network cable to pull. */

export const root = new URL('../../', import.meta.url).pathname;

/** Debian's name; CHROMIUM names another one. */
export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const hasChromium = existsSync(chromiumPath);
if (!hasChromium) {
  process.stderr.write(
    `skipped: the browser tests (no ${chromiumPath}; on Debian: apt-get install chromium)\n`,
  );
}

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const launch = () => chromium.launch({ executablePath: chromiumPath, args: flags });

/** Starts bin/start on free ports with its own data. */
export async function startParley() {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-browser-'));
  const names = ['PORT', 'RUNNER_PORT', 'DYNOXIDE_PORT', 'PGLITE_PORT', 'COGNITO_PORT', 'DELIVERY_PORT'];
  const [cablePort, ...ports] = await Promise.all(['cable', ...names].map(() => getPort()));
  const ofNames = Object.fromEntries(names.map((name, index) => [name, String(ports[index])]));
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    DATA_DIR: dataDir,
    RATE_LIMIT_PER_MINUTE: '0',
    LOG_LEVEL: 'debug',
    // A page that comes over the cable has another origin.
    CORS_ORIGINS: `http://127.0.0.1:${cablePort}`,
    ...ofNames,
  };
  const system: ChildProcess = spawn('bin/start', { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [system.stdout, system.stderr]) {
    stream?.on('data', (chunk) => {
      printed += chunk;
    });
  }
  await eventually(
    () => printed.includes('Parley is ready') || undefined,
    90_000,
    () => printed,
  );
  return {
    /** What a script of bin/ needs to find this system. */
    env,
    url: `http://127.0.0.1:${ofNames.PORT}`,
    port: Number(ofNames.PORT),
    cablePort: Number(cablePort),
    cognito: `http://127.0.0.1:${ofNames.COGNITO_PORT}`,
    async stop() {
      const exit = new Promise((resolve) => system.once('exit', resolve));
      if (system.exitCode === null && system.kill('SIGTERM')) await exit;
      keepSystem(dataDir);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export type Parley = Awaited<ReturnType<typeof startParley>>;

/** A way to the server that can be cut: open connections break, new ones are refused. */
export async function startCable({ port: toPort, cablePort: port }: Parley) {
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(toPort, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    cut() {
      isCut = true;
      for (const socket of open) socket.destroy();
    },
    mend() {
      isCut = false;
    },
    async stop() {
      this.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function eventually<T>(
  check: () => T | undefined | Promise<T | undefined>,
  limitMs = 10_000,
  describe: () => string = () => '',
): Promise<T> {
  const startedAtMs = performance.now();
  for (;;) {
    const result = await check();
    if (result !== undefined) return result;
    if (performance.now() - startedAtMs > limitMs)
      throw new Error(`It did not happen in ${limitMs} ms. ${describe()}`);
    await sleep(50);
  }
}

/** A page of its own person: nothing is shared with the others. */
export async function openPage(
  browser: Browser,
  url: string,
  options: { dark?: boolean; phone?: boolean } = {},
) {
  const context = await browser.newContext({
    viewport: options.phone ? { width: 390, height: 780 } : { width: 1100, height: 720 },
    colorScheme: options.dark ? 'dark' : 'light',
    locale: 'en-GB',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  await page.goto(url);
  return page;
}

export async function signIn(page: Page, email: string, password = 'Parley-demo-1') {
  noteSecret(password);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'New conversation' }).waitFor();
}

/** Signs somebody in beside the browser, to act without one. */
export async function apiOf(parley: Parley, email: string, password = 'Parley-demo-1') {
  const config = await (await fetch(`${parley.url}/api/client-config`)).json();
  const answer = await fetch(config.cognito_endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'AWSCognitoIdentityProviderService.InitiateAuth',
    },
    body: JSON.stringify({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: config.user_pool_client_id,
      AuthParameters: { USERNAME: email, PASSWORD: password },
    }),
  });
  const { AccessToken: token, RefreshToken } = (await answer.json()).AuthenticationResult;
  noteSecret(password);
  noteSecret(RefreshToken);
  const http = createHttp(fixedToken(token), fetch, parley.url);
  return <T>(path: string, body?: Record<string, unknown>): Promise<T> => {
    noteText(body?.message);
    return http.call<T>(path, body && { method: 'POST', body });
  };
}

export const messageBox = (page: Page) => page.getByRole('textbox', { name: /^Message to/ });

export async function write(page: Page, text: string) {
  noteText(text);
  await messageBox(page).fill(text);
  await messageBox(page).press('Enter');
}

/** The texts of the messages that are in the list now. */
export const texts = (page: Page) => page.locator('article .text').allTextContents();
export const message = (page: Page, text: string) =>
  page.locator('article').filter({ has: page.getByText(text, { exact: true }) });

/** What is known of the conversation, and what can be changed of it. */
export const openAbout = (page: Page) =>
  page.getByRole('button', { name: /^About /, expanded: false }).click();

/** Chooses from the menu beside a member. */
export async function changeMember(page: Page, name: string | RegExp, action: string) {
  await page.getByRole('button', { name }).click();
  await page.getByRole('menuitem', { name: action }).click();
}
