import { notionLoader } from "@astro-notion/loader";
import { defineCollection } from "astro:content";
import { z } from "astro/zod";

const { NOTION_TOKEN, NOTION_URL, DATABASES } = process.env;

// The schemas that come with the loader end the build at a button among the columns, or at an icon of Notion's own.
const schema = z.object({});

export const collections = Object.fromEntries(
  DATABASES.split(",").map((database_id) => [
    database_id,
    defineCollection({ loader: notionLoader({ auth: NOTION_TOKEN, baseUrl: NOTION_URL, database_id }), schema }),
  ]),
);
