import { defineLiveCollection } from "astro:content";
import { pagesOf } from "./loader";

/** One collection for each name in NOTION_SOURCES. */
export const collections = {
  pages: defineLiveCollection({ loader: pagesOf("pages") }),
  posts: defineLiveCollection({ loader: pagesOf("posts") }),
};
