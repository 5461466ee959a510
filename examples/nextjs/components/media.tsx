/** Files and what stands elsewhere on the web: pictures, films, sounds, documents, bookmarks, embeds and icons. */
import type { ReactNode } from "react";
import { addressAt, at, listAt, numberAt, textAt, type Json } from "../lib/json";
import { Note } from "./note";
import { plainText, RichText } from "./rich-text";

/** Pages of films that can be shown inside another page, and where their players are. */
const PLAYERS: [page: RegExp, player: string][] = [
  [
    /^https?:\/\/(?:www\.|m\.)?youtube\.com\/(?:watch\?(?:.*&)?v=|shorts\/)([\w-]+)/,
    "https://www.youtube-nocookie.com/embed/",
  ],
  [/^https?:\/\/youtu\.be\/([\w-]+)/, "https://www.youtube-nocookie.com/embed/"],
  [/^https?:\/\/(?:www\.)?vimeo\.com\/(\d+)/, "https://player.vimeo.com/video/"],
];

/** The address of a file object, whether Notion keeps the file or not. */
export function fileAddress(file: unknown): string | undefined {
  return addressAt(file, "file", "url") ?? addressAt(file, "external", "url");
}

export function Picture({ own }: { own: Json }) {
  const address = fileAddress(own);
  const [width, height] = ["width", "height"].map((side) => numberAt(own, textAt(own, "type"), side));
  if (!address) return <Note kind="image" />;
  return (
    <Figure own={own}>
      <img src={address} alt={plainText(at(own, "caption"))} width={width} height={height} loading="lazy" />
    </Figure>
  );
}

export function Video({ own }: { own: Json }) {
  const address = fileAddress(own);
  if (!address) return <Note kind="video" />;
  const player = playerOf(address);
  return (
    <Figure own={own}>
      {player ? <Frame address={player} /> : <video src={address} controls preload="metadata" />}
    </Figure>
  );
}

export function Audio({ own }: { own: Json }) {
  const address = fileAddress(own);
  if (!address) return <Note kind="audio" />;
  return (
    <Figure own={own}>
      <audio src={address} controls preload="metadata" />
    </Figure>
  );
}

export function Pdf({ own }: { own: Json }) {
  const address = fileAddress(own);
  if (!address) return <Note kind="pdf" />;
  return (
    <Figure own={own}>
      <object data={address} type="application/pdf">
        <a href={address}>{nameOf(own, address)}</a>
      </object>
    </Figure>
  );
}

export function File({ own }: { own: Json }) {
  const address = fileAddress(own);
  if (!address) return <Note kind="file" />;
  return (
    <Figure own={own}>
      <p>
        <a href={address}>{nameOf(own, address)}</a>
      </p>
    </Figure>
  );
}

/** Bookmarks and link previews; one of a page of this site has its path for an address. */
export function Bookmark({ own }: { own: Json }) {
  const address = addressAt(own, "url");
  if (!address) return <Note kind="bookmark" />;
  return (
    <Figure own={own}>
      <p>
        <a href={address}>{address}</a>
      </p>
    </Figure>
  );
}

export function Embed({ own }: { own: Json }) {
  const address = addressAt(own, "url");
  if (!address) return <Note kind="embed" />;
  if (address.startsWith("/")) return <Bookmark own={own} />; // a page of this site
  return (
    <Figure own={own}>
      <Frame address={playerOf(address) ?? address} />
    </Figure>
  );
}

/** An emoji, a picture, or one of Notion's own icons. */
export function Icon({ of: icon }: { of: unknown }) {
  const emoji = textAt(icon, "emoji");
  const name = textAt(icon, "icon", "name");
  const native = name && `https://www.notion.so/icons/${name}_${textAt(icon, "icon", "color") || "gray"}.svg`;
  const address = fileAddress(icon) ?? addressAt(icon, "custom_emoji", "url") ?? native;
  if (emoji) return <span className="icon">{emoji} </span>;
  const title = name || textAt(icon, "custom_emoji", "name");
  return address ? <img className="emoji" src={address} alt={title} loading="lazy" /> : null;
}

export function Figure({ own, children }: { own: Json; children: ReactNode }) {
  const caption = listAt(own, "caption");
  return (
    <figure>
      {children}
      {caption.length > 0 && (
        <figcaption>
          <RichText of={caption} />
        </figcaption>
      )}
    </figure>
  );
}

function Frame({ address }: { address: string }) {
  return (
    <iframe
      src={address}
      title={address}
      loading="lazy"
      allowFullScreen
      sandbox="allow-popups allow-same-origin allow-scripts"
    />
  );
}

function playerOf(address: string): string | undefined {
  for (const [page, player] of PLAYERS) {
    const film = page.exec(address)?.[1];
    if (film) return player + film;
  }
  return undefined;
}

function nameOf(own: Json, address: string): string {
  return textAt(own, "name") || address.split(/[?#]/)[0].split("/").at(-1) || "File";
}
