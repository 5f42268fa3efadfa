"""The built-in recipes, in the order in which the gallery shows them."""

from generator.recipes.article import Article
from generator.recipes.base import Recipe
from generator.recipes.blog_post import BlogPost
from generator.recipes.classification import Classification
from generator.recipes.code_explain import CodeExplain
from generator.recipes.code_review import CodeReview
from generator.recipes.code_tests import CodeTests
from generator.recipes.code_translate import CodeTranslate
from generator.recipes.code_write import CodeWrite
from generator.recipes.completion import Completion
from generator.recipes.email import Email
from generator.recipes.extraction import Extraction
from generator.recipes.long_article import LongArticle
from generator.recipes.minutes import Minutes
from generator.recipes.news_report import NewsReport
from generator.recipes.poem import Poem
from generator.recipes.product_description import ProductDescription
from generator.recipes.questions import Questions
from generator.recipes.rewrite import Rewrite
from generator.recipes.social_posts import SocialPosts
from generator.recipes.story import Story
from generator.recipes.summary import Summary
from generator.recipes.table_extraction import TableExtraction
from generator.recipes.titles import Titles
from generator.recipes.translation import Translation

_ALL: tuple[Recipe, ...] = (
    Article(),
    LongArticle(),
    BlogPost(),
    NewsReport(),
    Story(),
    Poem(),
    ProductDescription(),
    Email(),
    SocialPosts(),
    Titles(),
    Rewrite(),
    Translation(),
    Summary(),
    Questions(),
    Minutes(),
    Classification(),
    Extraction(),
    TableExtraction(),
    CodeWrite(),
    CodeExplain(),
    CodeReview(),
    CodeTranslate(),
    CodeTests(),
    Completion(),
)

built_in: dict[str, Recipe] = {recipe.slug: recipe for recipe in _ALL}
