import type { Metadata } from "next";
import type { ReactNode } from "react";
import { siteUrl } from "../lib/paths";
import { TITLE } from "../lib/site";
import "./site.css";

export const metadata: Metadata = {
  metadataBase: new URL(siteUrl()),
  title: { default: TITLE, template: `%s – ${TITLE}` },
  alternates: { types: { "application/rss+xml": "/feed.xml" } },
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
