export default async function tearDown() {
  await globalThis.parleyTestEngines?.stop();
}
