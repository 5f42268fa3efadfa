"""The built-in recipes, in the order in which the gallery shows them."""

from generator.recipes.article import Article
from generator.recipes.base import Recipe
from generator.recipes.blog_post import BlogPost
from generator.recipes.email import Email
from generator.recipes.minutes import Minutes
from generator.recipes.news_report import NewsReport
from generator.recipes.poem import Poem
from generator.recipes.product_description import ProductDescription
from generator.recipes.rewrite import Rewrite
from generator.recipes.social_posts import SocialPosts
from generator.recipes.story import Story
from generator.recipes.titles import Titles

_ALL: tuple[Recipe, ...] = (
    Article(),
    BlogPost(),
    NewsReport(),
    Story(),
    Poem(),
    ProductDescription(),
    Email(),
    SocialPosts(),
    Titles(),
    Rewrite(),
    Minutes(),
)

built_in: dict[str, Recipe] = {recipe.slug: recipe for recipe in _ALL}
