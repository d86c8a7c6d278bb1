import { type Part, splitLinks } from '../text/links.ts';
import './MessageText.css';

/** The text of a message, with its web addresses as links. */
export const MessageText = ({ text }: { text: string }) => (
  <p className="text" dir="auto">
    {splitLinks(text).map((part, index) =>
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text never change
      part.href ? <Link key={index} {...part} /> : part.text,
    )}
  </p>
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
