"""The pictures of the demo shop, in development only."""

from fastapi import APIRouter
from starlette.responses import Response

from api.problems import Problem, refusals
from providers.demo_shop.assortment import PICTURES
from providers.demo_shop.pictures import has_picture, picture

router = APIRouter(tags=["demo shop"])


@router.get(f"{PICTURES}/{{name}}", response_class=Response, responses=refusals(404))
def show_picture(name: str) -> Response:
    """A picture of a garment in its colour; drawn when first asked for. 404: the shop has no such picture."""
    if not has_picture(name):
        raise Problem(404)
    return Response(picture(name), media_type="image/jpeg", headers={"Cache-Control": "public, max-age=86400"})
