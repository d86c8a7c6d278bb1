import { type Part, splitLinks } from '../text/links.ts';

/** A text as typed, with its addresses as links. */
export const LinkedText = ({ text }: { text: string }) =>
  splitLinks(text).map((part, index) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change
    part.href ? <Link key={index} {...part} /> : part.text,
  );

function Link({ text, href, host }: Part) {
  return (
    <>
      <a href={href} target="_blank" rel="noopener noreferrer nofollow" dir="ltr">
        {text}
      </a>
      {host && ' '}
      {host && (
        <bdi dir="ltr" className="host">
          ({host})
        </bdi>
      )}
    </>
  );
}
